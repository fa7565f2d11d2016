/**
 * What happens to a configuration: servers fail and come back, files change, the configuration is read anew. Pure data and text;
 * played by play.ts. What keepalived did is kept in test/fixtures/ipvs-events, a file for each world.
 */

/**
 * A line each: `start CONFIG`, `reload CONFIG`, `stop`; of servers `open KIND SERVER`, `close KIND SERVER`, `status SERVER CODE`, `cut ADDR`
 * and `mend ADDR` (no way leads there); of directors `address ADDR` and `no-address ADDR`; `write FILE TEXT`.
 */
export type Deed = string;

export const moments = ['start', 'one fails', 'all fail', 'recovery', 'reload'] as const;
export type Moment = (typeof moments)[number];

export interface Step {
  /** The heading in the file of what keepalived did. */
  readonly what: string;
  /** What it shows; test/unit/ipvs/keywords demands each keyword at each of them. */
  readonly moments: readonly Moment[];
  readonly deeds: readonly Deed[];
}

export interface World {
  readonly name: string;
  /**
   * By name, the first at the start. `NOTE` stands for a script that writes down its arguments, the first of which is the virtual
   * server; `SHARED` for the folder of the files; `OWN` for the address of the director.
   */
  readonly configs: Readonly<Record<string, string>>;
  /** There from the beginning, `KIND SERVER` each. */
  readonly servers: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly departures: readonly Departure[];
}

/** Something that Mainstay means to do otherwise. */
export interface Departure {
  /** The virtual server: as ipvsadm calls it, `192.0.2.1:80`; and its label, where scripts differ. */
  readonly of: readonly string[];
  readonly why: string;
}

/** How it stands: services with their destinations, and the notes that scripts have taken since the step began. */
export interface Standing {
  readonly table: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/** What is other than before, as text. */
export function changes(before: ReadonlyMap<string, string>, { table, notes }: Standing): string {
  const lines: string[] = [];
  for (const [service, destinations] of table)
    if (before.get(service) !== destinations) lines.push(service, ...(destinations === '' ? [] : [destinations]));
  for (const service of before.keys()) if (!table.has(service)) lines.push(`${service} is gone`);
  lines.push(...ordered(notes));
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * In one step, scripts of a real server and of its virtual server run at the same time with both programs, so their order is chance;
 * that of steps is not.
 */
function ordered(notes: readonly string[]): readonly string[] {
  return notes.map((note) => `script: ${note}`).sort();
}

/** Of what `changes` says, the table. At its stop keepalived ends scripts after a second: in the lab it is chance which of them get that far. */
export function withoutScripts(text: string): string {
  return text.replace(/^script: .*\n/gm, '');
}

/** Blocks of what `changes` says: a service with its destinations, a script. */
function blocks(text: string): readonly string[] {
  return text.split(/^(?! )/m).filter(Boolean);
}

/** What the second does otherwise, as text: `- ` what is the first's alone, `+ ` what is the second's alone. */
export function difference(first: string, second: string): string {
  const rest = [...blocks(second)];
  const missing = blocks(first).filter((block) => {
    const at = rest.indexOf(block);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  const marked = (sign: string, list: readonly string[]) => list.map((block) => block.replace(/^(?=.)/gm, `${sign} `));
  return [...marked('-', missing), ...marked('+', rest)].join('');
}

const forMainstay = ', otherwise in Mainstay';

/** What is to be expected of both programs, by step. */
export interface Expected {
  readonly keepalived: string;
  /** As `difference` says it. */
  readonly mainstay: string;
}

export function readExpected(text: string): ReadonlyMap<string, Expected> {
  const sections = new Map<string, string>();
  for (const section of text.split(/^# /m).slice(1)) {
    const end = section.indexOf('\n');
    sections.set(section.slice(0, end), section.slice(end + 1));
  }
  const steps = [...sections].filter(([heading]) => !heading.endsWith(forMainstay));
  return new Map(
    steps.map(([heading, keepalived]) => [heading, { keepalived, mainstay: sections.get(heading + forMainstay) ?? '' }]),
  );
}

export function writeExpected(steps: ReadonlyMap<string, Expected>): string {
  const section = (heading: string, text: string) => `# ${heading}\n${text}`;
  return [...steps]
    .flatMap(([what, { keepalived, mainstay }]) => [
      section(what, keepalived),
      ...(mainstay === '' ? [] : [section(what + forMainstay, mainstay)]),
    ])
    .join('');
}

/** What Mainstay does otherwise without a word about it, and words about nothing. */
export function unexplained(steps: ReadonlyMap<string, Expected>, departures: readonly Departure[]): readonly string[] {
  const differing = [...steps].flatMap(([what, { mainstay }]) =>
    mainstay.split(/^(?=[-+] (?! ))/m).flatMap((block) => (block === '' ? [] : [`${what}: ${block}`])),
  );
  const isOf = (block: string, { of }: Departure) => of.some((word) => block.includes(` ${word} `));
  const words = departures.filter((one) => !differing.some((block) => isOf(block, one))).map(({ of }) => of.join());
  return [...differing.filter((block) => !departures.some((one) => isOf(block, one))), ...words];
}
