/**
 * A configuration of test/fixtures/ipvs, moved to addresses, marks and names of its own, so that many of them can be one configuration;
 * and its part of a table, moved back. Used by corpus.ts, and by the tests that compare its tables with the texts beside the configurations.
 */

/** Services and their destinations, without headings and counters. */
const service = /^(TCP|UDP|SCTP|FWM) +(\S+)/;

export class Moved {
  constructor(
    readonly name: string,
    /** From 1; places of another number are places of another configuration. */
    private readonly number: number,
  ) {}

  there(text: string): string {
    return this.address(text)
      .replace(/^#.*\n/gm, '')
      .replace(/\bfwmark (\d+)/g, (_, mark: string) => `fwmark ${Number(mark) + this.#offset}`)
      .replace(/^(virtual_server_group|virtual_server group) (\S+)/gm, `$1 $2_${this.number}`);
  }

  /** An address, or all in a text. */
  address(text: string): string {
    return text
      .replaceAll('192.0.', `192.${this.number}.`)
      .replaceAll('10.0.0.', `10.${this.number}.0.`)
      .replaceAll('2001:db8:0:1::', `2001:db8:e${this.number}::`)
      .replaceAll('2001:db8::', `2001:db8:f${this.number}::`);
  }

  /** A table as text. */
  tableThere(text: string): string {
    return this.address(text).replace(/^FWM {2}(\d+)/gm, (_, mark: string) => `FWM  ${Number(mark) + this.#offset}`);
  }

  /** Its part of a table as text, moved back: each service with its destinations, sorted; without thresholds. */
  tableIn(text: string): string {
    const services: string[][] = [];
    let isOurs = false;
    for (const line of text.split('\n')) {
      const [arrow, address = '', method = '', weight = ''] = line.trim().split(/\s+/);
      if (service.test(line)) {
        isOurs = this.has(line);
        if (isOurs) services.push([this.#back(line.trim())]);
      } else if (isOurs && arrow === '->') services.at(-1)?.push(`  -> ${this.#back(address)} ${method} ${weight}`);
    }
    const blocks = services.map(([first = '', ...destinations]) =>
      [first, ...destinations.sort()].map((one) => `${one}\n`).join(''),
    );
    return blocks.sort().join('');
  }

  get #offset(): number {
    return this.number * 1000;
  }

  #back(text: string): string {
    return text
      .replace(`192.${this.number}.`, '192.0.')
      .replace(`10.${this.number}.0.`, '10.0.0.')
      .replace(`2001:db8:e${this.number}::`, '2001:db8:0:1::')
      .replace(`2001:db8:f${this.number}::`, '2001:db8::')
      .replace(/^FWM {2}(\d+)/, (_, mark: string) => `FWM  ${Number(mark) - this.#offset}`);
  }

  /** Whether it has the service that this begins with. */
  has(service: string): boolean {
    const [line = ''] = service.split('\n');
    const mark = /^FWM +(\d+)/.exec(line)?.[1];
    if (mark !== undefined) return Math.floor(Number(mark) / 1000) === this.number;
    return [`192.${this.number}.`, `2001:db8:e${this.number}::`, `2001:db8:f${this.number}::`].some((start) =>
      line.includes(start),
    );
  }
}

/** Of the text beside a configuration: without what `ipvsadm -Ln` does not tell, tunnels and thresholds. */
export const asListed = (text: string): string => text.replace(/^( {2}-> \S+ \w+ \d+) .*$/gm, '$1');
