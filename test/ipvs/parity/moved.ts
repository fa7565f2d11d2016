/**
 * A configuration of test/fixtures/ipvs, moved to addresses, marks and names of its own, so that many of them can be one configuration;
 * and its part of what ipvsadm tells of that.
 */

/** Services and their destinations, without headings and counters. */
const service = /^(TCP|UDP|SCTP|FWM) +(\S+)/;

export class Moved {
  /** Whose checks fail. Those of a port that nobody listens at need no mention. */
  readonly down: readonly string[];
  readonly config: string;
  /** As in its text, without what `ipvsadm -Ln` does not tell: tunnels and thresholds, which are in other listings. */
  readonly expected: string;

  constructor(
    readonly name: string,
    text: string,
    expected: string,
    private readonly number: number,
  ) {
    const lists = [...text.matchAll(/^# down: (.*)$/gm)].flatMap(([, list = '']) => list.split(' '));
    this.down = lists.filter((address) => !address.includes(':')).map((address) => this.#there(address));
    this.config = this.#there(text.replace(/^#.*\n/gm, ''))
      .replace(/\bfwmark (\d+)/g, (_, mark: string) => `fwmark ${Number(mark) + this.#offset}`)
      .replace(/^(virtual_server_group|virtual_server group) (\S+)/gm, `$1 $2_${number}`)
      .replace(/^virtual_server (?!_group).*\{$/gm, '$&\n    delay_loop 1');
    this.expected = expected.replace(/^( {2}-> \S+ \w+ \d+) .*$/gm, '$1');
  }

  /** Its part of `ipvsadm -Ln`, moved back: each service with its destinations, sorted. */
  tableIn(listing: string): string {
    const services: string[][] = [];
    let isOurs = false;
    for (const line of listing.split('\n')) {
      const [arrow, address = '', method = '', weight = ''] = line.trim().split(/\s+/);
      if (line.startsWith('-') || line.startsWith('IP Virtual Server')) {
        // The next listing tells of other things.
        if (services.length > 0 && line.startsWith('IP')) break;
      } else if (service.test(line)) {
        isOurs = this.#isOurs(line);
        if (isOurs) services.push([this.#back(line.trim())]);
      } else if (isOurs && arrow === '->') services.at(-1)?.push(`  -> ${this.#back(address)} ${method} ${weight}`);
    }
    const blocks = services.map(([first = '', ...destinations]) =>
      [first, ...destinations.sort()].map((one) => `${one}\n`).join(''),
    );
    return blocks.sort().join('');
  }

  /** All that any of the listings tells of it. */
  linesOf(listing: string): readonly string[] {
    let isOurs = false;
    return listing.split('\n').filter((line) => {
      if (service.test(line) || line.startsWith('-A') || line.startsWith('IP')) isOurs = this.#isOurs(line);
      return isOurs;
    });
  }

  get #offset(): number {
    return this.number * 1000;
  }

  #there(text: string): string {
    return text
      .replaceAll('192.0.', `192.${this.number}.`)
      .replaceAll('10.0.0.', `10.${this.number}.0.`)
      .replaceAll('2001:db8:0:1::', `2001:db8:e${this.number}::`)
      .replaceAll('2001:db8::', `2001:db8:f${this.number}::`);
  }

  #back(text: string): string {
    return text
      .replace(`192.${this.number}.`, '192.0.')
      .replace(`10.${this.number}.0.`, '10.0.0.')
      .replace(`2001:db8:e${this.number}::`, '2001:db8:0:1::')
      .replace(`2001:db8:f${this.number}::`, '2001:db8::')
      .replace(/^FWM {2}(\d+)/, (_, mark: string) => `FWM  ${Number(mark) - this.#offset}`);
  }

  #isOurs(line: string): boolean {
    const mark = /(?:^FWM +|-f )(\d+)/.exec(line)?.[1];
    if (mark !== undefined) return Math.floor(Number(mark) / 1000) === this.number;
    return [`192.${this.number}.`, `2001:db8:e${this.number}::`, `2001:db8:f${this.number}::`].some((start) =>
      line.includes(start),
    );
  }
}
