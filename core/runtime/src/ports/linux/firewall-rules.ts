/**
 * The rules of nft(8) that make a host refuse some of its own addresses, as text for `nft -f -`: pure, called by firewall.ts.
 * Everything that comes from outside is checked here, since it becomes part of a program.
 */
import { canonicalAddress, familyOf } from '@mainstay/sdk';

const setName = /^[a-z][a-z0-9-]{0,23}$/;
/** A link name as the kernel takes it (dev_valid_name), without what nft's strings give a meaning to: quote, star, backslash. */
const linkName = /^(?!\.\.?$)[!-~]{1,15}$/;
const notInLinkName = /[/:"*\\]/;

/** Beside `filter` (0), where an operator's own rules usually stand, and before it: nothing there can let a packet through. */
const priority = -1;

interface Refused {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** `"eth0" . fe80::1` */
  readonly scoped: readonly string[];
}

export type Rules = { readonly script: string } | { readonly problem: string };

/** The name of the table that holds a set; undefined where the set's name is none. */
export function tableOf(set: string): string | undefined {
  return setName.test(set) ? `mainstay-${set}` : undefined;
}

/** The transaction that puts the table in place of an earlier one. */
export function replacementOf(table: string, addresses: readonly string[]): Rules {
  const refused = sort(addresses);
  if (typeof refused === 'string') return { problem: refused };
  // "add" first, since "delete" of a table that is not there would fail the whole transaction.
  return { script: [`add table inet ${table}`, removalOf(table), ...tableText(table, refused), ''].join('\n') };
}

export function removalOf(table: string): string {
  return `delete table inet ${table}`;
}

/** Each address once, in the set of its kind; or what is wrong with one. */
function sort(addresses: readonly string[]): Refused | string {
  const ipv4 = new Set<string>();
  const ipv6 = new Set<string>();
  const scoped = new Set<string>();
  for (const text of addresses) {
    const [written = '', link, more] = text.split('%');
    const address = canonicalAddress(written);
    if (address === undefined || more !== undefined) return `"${text}" is not an IP address`;
    if (link === undefined) (familyOf(address) === 4 ? ipv4 : ipv6).add(address);
    else if (familyOf(address) === 4) return `"${text}": only an IPv6 address is bound to a link`;
    else if (!linkName.test(link) || notInLinkName.test(link)) return `"${text}": "${link}" is not the name of a link`;
    else scoped.add(`"${link}" . ${address}`);
  }
  return { ipv4: [...ipv4], ipv6: [...ipv6], scoped: [...scoped] };
}

function tableText(table: string, { ipv4, ipv6, scoped }: Refused): readonly string[] {
  return [
    `table inet ${table} {`,
    ...setText('ipv4', 'ip daddr', ipv4),
    ...setText('ipv6', 'ip6 daddr', ipv6),
    ...setText('scoped', 'iifname . ip6 daddr', scoped),
    'chain input {',
    `type filter hook input priority ${priority}; policy accept;`,
    'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
    ...ruleText('ipv4', 'ip daddr', ipv4),
    ...ruleText('ipv6', 'ip6 daddr', ipv6),
    ...ruleText('scoped', 'iifname . ip6 daddr', scoped),
    '}',
    '}',
  ];
}

function setText(name: string, key: string, elements: readonly string[]): readonly string[] {
  return elements.length === 0 ? [] : [`set ${name} { typeof ${key}; elements = { ${elements.join(', ')} }; }`];
}

/** The counter is for the operator who wonders where the packets go: `nft list ruleset`. */
function ruleText(name: string, key: string, elements: readonly string[]): readonly string[] {
  return elements.length === 0 ? [] : [`${key} @${name} counter drop`];
}
