/**
 * The checkers that the plugins of a host define, checked when they are defined, and given to the checking loop while their plugin
 * runs. Used by the host.
 */
import {
  type Checker,
  type CheckerPoints,
  type ConfigHandle,
  checkerBlock,
  checkerFacts,
  checkerGroup,
  isChecker,
  type Log,
  MainstayError,
  type Ports,
} from '@mainstay/sdk';
import type { HostChecks } from '../checks/host-checks.js';
import { grantedPorts } from './granted-ports.js';
import type { Member } from './member.js';

interface Defined {
  readonly member: Member;
  readonly spec: Checker;
}

export class CheckerTable {
  readonly #defined = new Map<string, Defined>();

  constructor(private readonly checks: HostChecks) {}

  /** The plugin's `app.checkers`. Throws after `seal`: its block could not be bound any more. */
  pointsFor(member: Member): { readonly points: CheckerPoints; seal(): void } {
    let isSealed = false;
    return {
      points: {
        define: (checker) => {
          if (isSealed) throw refusal(member.name, 'defines a checker after setup', 'define it in setup()');
          return this.#define(member, checker as unknown as Checker) as never;
        },
      },
      seal: () => {
        isSealed = true;
      },
    };
  }

  list(): readonly string[] {
    return [...this.#defined.keys()];
  }

  /** Names of the plugins that have checkers. */
  plugins(): ReadonlySet<string> {
    return new Set([...this.#defined.values()].map(({ member }) => member.name));
  }

  /** The plugin runs: so do its checks. */
  begin(member: Member, log: Log, ports: Ports): void {
    for (const [keyword, { spec }] of this.#of(member)) {
      const granted = grantedPorts(`checker ${keyword}`, spec.needs ?? [], () => ports, 'its defineChecker');
      this.checks.begin(keyword, { plugin: member.name, spec, log, ports: granted });
    }
  }

  end(member: Member): void {
    for (const [keyword] of this.#of(member)) this.checks.end(keyword);
  }

  #of(member: Member): readonly (readonly [string, Defined])[] {
    return [...this.#defined].filter(([, defined]) => defined.member === member);
  }

  #define(member: Member, spec: Checker): ConfigHandle<unknown> {
    const problems = problemsOf(spec, member);
    if (problems.length > 0) throw refusal(member.name, `defines an unusable checker: ${problems.join('; ')}`);
    const { keyword } = spec;
    const twin = this.#defined.get(keyword)?.member;
    if (twin !== undefined) {
      const whose = twin === member ? `plugin ${member.name} defines` : `plugins ${twin.name} and ${member.name} both define`;
      throw new MainstayError('CONFIG_KEYWORD_CLASH', `${whose} the checker ${keyword}`, 'load only one of them');
    }
    const handle = member.part.points.plug(checkerGroup, keyword, checkerBlock(spec), checkerFacts(spec));
    this.#defined.set(keyword, { member, spec });
    this.checks.define(keyword);
    return handle;
  }
}

function problemsOf(spec: unknown, { loaded }: Member): readonly string[] {
  if (!isChecker(spec)) return ['it is not the result of defineChecker'];
  const { keyword, fields, needs = [] } = spec as { readonly [K in keyof Checker]?: unknown };
  const problems: string[] = [];
  if (typeof keyword !== 'string' || !/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(keyword)) {
    problems.push(`its keyword ${JSON.stringify(keyword)} must be a word such as TCP_CHECK`);
  }
  if (typeof fields !== 'object' || fields === null) problems.push('"fields" must be an object');
  if ((typeof spec.check === 'function') === (typeof spec.watch === 'function')) {
    problems.push('it must have either check() or watch()');
  }
  if (spec.routine !== undefined && !(Array.isArray(needs) && needs.includes('tcp'))) {
    problems.push('it has a routine(), which goes over TCP, and does not need "tcp"');
  }
  if (!Array.isArray(needs)) problems.push('"needs" must be a list of ports');
  else {
    const more = needs.filter((need) => !loaded.manifest.needs.includes(need));
    const manifest = 'the mainstay block of the package.json does not name under "needs"';
    if (more.length > 0) problems.push(`${keyword} needs ${more.join(', ')}, which ${manifest}`);
  }
  return problems;
}

function refusal(plugin: string, what: string, hint?: string): MainstayError {
  return new MainstayError('PLUGIN_SETUP_FAILED', `plugin ${plugin} ${what}`, hint);
}
