import type { AddCommand } from '../shell.ts';
import { addServer } from './serve.ts';

/** `funade up`: the server, and the dashboard in a browser. */
export const addUp: AddCommand = (parent, shell) => addServer(parent, shell, 'up');
