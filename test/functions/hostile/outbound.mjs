// Calls out, to the world and to the services of the host.
import { connect } from 'node:net';

const attempt = (options) =>
  new Promise((resolve) => {
    const socket = connect({ ...options, timeout: 1000 });
    socket.once('connect', () => resolve('connected'));
    socket.once('timeout', () => resolve('timeout'));
    socket.once('error', (error) => resolve(error.code));
  });

export const handler = async (event) => {
  const { port } = event.queryStringParameters;
  return Promise.all([
    attempt({ host: '192.0.2.1', port: 80 }),
    attempt({ host: '169.254.169.254', port: 80 }),
    attempt({ host: '127.0.0.1', port: Number(port) }),
    attempt({ path: '/run/dbus/system_bus_socket' }),
  ]);
};
