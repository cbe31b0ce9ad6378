import { isIP, isIPv4, isIPv6 } from 'node:net';
import { type Result, err, ok } from '../../kernel/index.ts';
import { normaliseHost, parsePort } from './host-name.ts';
import type { EgressRule } from './port.ts';

const EXAMPLE = '"api.example.com:443"';

/**
 * A rule as it is written in a configuration: `host:port`, `*.example.com:443` (sub-domains of any depth, not the domain
 * itself), `203.0.113.7:443` or `[2001:db8::1]:443`. The error is a sentence that says what to write instead.
 */
export function parseEgressRule(text: string): Result<EgressRule, string> {
  const fault = shapeFault(text);
  if (fault !== null) return err(`${JSON.stringify(text)} ${fault}`);
  const colon = text.lastIndexOf(':');
  const written = text.slice(0, colon);
  const port = parsePort(text.slice(colon + 1));
  if (port === null) return err(`${JSON.stringify(text)} has no port from 1 to 65535: write one, such as ${EXAMPLE}.`);
  const wildcard = written.startsWith('*.');
  const host = normaliseHost(wildcard ? written.slice(2) : written);
  if (host === null)
    return err(`${JSON.stringify(text)} has no valid host: write a name or an address, such as ${EXAMPLE}.`);
  const hostFault = wildcard ? wildcardFault(host) : literalFault(written, host);
  if (hostFault !== null) return err(`${JSON.stringify(text)} ${hostFault}`);
  return ok({ host: wildcard ? `*.${host}` : host, port });
}

/** Whether one of the rules lets a function reach this host and port. Any spelling of the host will do. */
export function matches(rules: readonly EgressRule[], host: string, port: number): boolean {
  const name = normaliseHost(host);
  return name !== null && rules.some((rule) => rule.port === port && matchesHost(rule.host, name));
}

function matchesHost(rule: string, name: string): boolean {
  if (!rule.startsWith('*.')) return rule === name;
  return isIP(name) === 0 && name.endsWith(rule.slice(1));
}

function shapeFault(text: string): string | null {
  if (text.trim() === '') return `is empty: write a host and a port, such as ${EXAMPLE}.`;
  if (text.includes('://')) return `has a scheme: write only host and port, such as ${EXAMPLE}.`;
  if (text.includes('@')) return `has a user: write only host and port, such as ${EXAMPLE}.`;
  if (/^[\d.:a-f[\]]+\/\d+/i.test(text)) return 'is a range: list the hosts one by one.';
  if (/[/\\?#]/.test(text)) return `has a path: write only host and port, such as ${EXAMPLE}.`;
  if (/^\*(?::|$)/.test(text))
    return 'allows every host: name those that the function needs, such as "*.example.com:443".';
  if (text.lastIndexOf('*') > 0 || (text.startsWith('*') && !text.startsWith('*.')))
    return 'has a * where none can be: it stands for sub-domains at the front only, such as "*.example.com:443".';
  if (isIPv6(text) || (!text.startsWith('[') && text.split(':').length > 2))
    return 'is no host and port: write an IPv6 address in brackets, such as "[2001:db8::1]:443".';
  if (text.startsWith('[') ? text.endsWith(']') : !text.includes(':'))
    return `has no port: write ${JSON.stringify(`${text}:443`)}, if 443 is meant.`;
  return null;
}

function wildcardFault(domain: string): string | null {
  if (isIP(domain) !== 0) return 'has a * before an address: list the addresses one by one.';
  return domain.includes('.') ? null : 'allows a whole top-level domain: name the domain, such as "*.example.com:443".';
}

/** Only one spelling of an IPv4 address is accepted, so that what a rule allows can be read. */
function literalFault(written: string, host: string): string | null {
  if (!isIPv4(host) || written === host) return null;
  return `spells the address ${host} in another way: write ${host}.`;
}
