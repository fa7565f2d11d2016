/**
 * What must hold of virtual routers, as predicates. `checkStep` runs after every event of the simulation, `checkSettled` after
 * every event once the network has been whole for the settle time. Violations are collected, each once.
 */
import type { Capture, ObservedEvent, Simulation } from '@mainstay/testing';
import type { FaultRunner } from './fault-runner.js';
import { parsePrefix } from './prefix.js';
import { type Router, Routers } from './routers.js';
import { isPreempting, type Scenario } from './scenario.js';

const graceMs = 100;
const vrrp = 112;
/** IPv6 duplicate address detection of a link-local address, after a link came up. */
const dadMs = 1000;
/** How long a router that resigned may wait for its successor (plugins/vrrp/src/resigning.ts), and the time to let go. */
const handOverMs = 4000 + graceMs;
/** Unicast waits for ARP, which a kernel asks again each second. */
const arpMs = 1000;

export class Invariants {
  readonly violations: string[] = [];
  readonly routers: Routers;
  readonly #resigned = new Map<string, number>();
  readonly #expectResignation: { readonly router: string; readonly at: number; readonly what: string }[] = [];
  /** World time at which a resigned master must have been followed. */
  #successionBy: number | undefined;
  readonly #successionMs: number;
  readonly #settleMs: number;
  readonly #electionMs: number;

  constructor(
    private readonly simulation: Simulation,
    private readonly scenario: Scenario,
    private readonly faults: FaultRunner,
  ) {
    this.routers = new Routers(simulation, scenario);
    const { intervalMs, delayMs, version, family, isUnicast, routers } = scenario;
    const later = scenario.faults.flatMap(({ fault }) => (fault.kind === 'reload' ? [fault] : []));
    const lowest = Math.min(...[...routers, ...later].map(({ priority }) => priority));
    const skew = ((256 - lowest) * (version === 2 ? 1000 : intervalMs)) / 256;
    const ready = (family === 6 ? dadMs : 0) + (isUnicast ? arpMs + 4 * delayMs[1] : 0);
    // RFC 9568 section 6.1: three adverts and the skew, then one delay; 2 ms for a router that drains its sockets first.
    this.#electionMs = ready + 3 * intervalMs + skew + delayMs[1] + 2;
    this.#successionMs = skew + 3 * delayMs[1] + 2;
    this.#settleMs = this.#electionMs + intervalMs + 2 * delayMs[1];
    for (const router of this.routers.all) this.#follow(router);
    faults.onReload = (name, plan, virtualAddresses) => {
      const router = this.routers.all.find((one) => one.plan.name === name);
      if (router !== undefined) Object.assign(router, { plan, virtualAddresses: virtualAddresses.map(parsePrefix) });
    };
    simulation.net.segment().watch((capture) => this.#noteResignation(capture));
    simulation.clock.watchSteps(() => this.checkStep());
  }

  /** From healing to the end of the run; frames of a slow network may be under way for one and a half intervals. */
  get observeMs(): number {
    return this.#settleMs + 5.5 * this.scenario.intervalMs;
  }

  checkStep(): void {
    for (const router of this.routers.all) this.#checkAddresses(router);
    this.#checkResignations();
    this.#checkSuccession();
    const now = this.simulation.clock.now();
    if (this.faults.isNetworkBad) return;
    const quietFor = now - this.faults.lastChange;
    if (quietFor > this.#electionMs) this.#checkEveryGroupHasMaster();
    if (quietFor > this.#settleMs) this.#checkGroups();
  }

  fail(what: string): void {
    if (!this.violations.includes(what)) this.violations.push(what);
  }

  #follow(router: Router): void {
    const { host } = router;
    const trace = host.onEvent;
    host.onEvent = (event) => {
      trace?.(event);
      if (event.name === 'vrrp.transitioned') this.#transitioned(router, event);
    };
  }

  #transitioned(router: Router, { at, payload }: ObservedEvent): void {
    const { from, to, reason } = payload as { from: string; to: string; reason: string };
    if (to === 'master' && from === 'backup') this.#checkPreemption(router);
    const { resignedAt } = router;
    router.state = to;
    router.isYielding = reason === 'handover';
    router.changedAt = at;
    router.resignedAt = undefined;
    const isOwnWill = from === 'master' && reason !== 'preempted';
    const canSend = router.host.kernel.links.named('eth0');
    // A unicast advert may wait for ARP, and leave later or never.
    const hasResigned = resignedAt !== undefined && at - this.#undisturbedSince(router, resignedAt) <= handOverMs;
    if (
      isOwnWill &&
      !hasResigned &&
      !this.scenario.isUnicast &&
      canSend.isEnabled &&
      canSend.hasCarrier &&
      this.#hasSource(router)
    ) {
      this.#expectResignation.push({ router: router.plan.name, at, what: `${from} -> ${to} (${reason})` });
    }
  }

  /** A router that stood still meanwhile begins to count when it goes on. */
  #undisturbedSince({ plan }: Router, at: number): number {
    return Math.max(at, this.faults.changeAround(plan.name));
  }

  /** Somebody may have taken away the address that the router speaks from. */
  #hasSource({ host }: Router): boolean {
    const { family } = this.scenario;
    return host.ports.addresses.list().some((a) => a.link === 2 && a.family === family && !a.isOurs && a.isTentative !== true);
  }

  #noteResignation({ at, from, frame }: Capture): void {
    if (frame.ip?.protocol !== vrrp) return;
    const router = this.routers.all.find(({ plan }) => plan.name === from);
    const isResignation = frame.ip.payload[2] === 0;
    if (router?.state === 'master') router.resignedAt = isResignation ? at : undefined;
    if (!isResignation) return;
    this.#resigned.set(from, at);
    if (this.#wasQuiet(at)) this.#successionBy = at + this.#successionMs;
  }

  /** The network was whole and its routers undisturbed until this moment; a fault of this very moment may be the cause. */
  #wasQuiet(at: number): boolean {
    const { partition } = this.simulation.net.segment();
    return (
      !this.scenario.isUnicast &&
      !this.faults.isNetworkBad &&
      partition.isWhole &&
      at - this.faults.changeBefore(at) > this.#settleMs
    );
  }

  /** RFC 9568 section 6.4.2: priority 0 makes the backups wait for the skew time only. */
  #checkSuccession(): void {
    const now = this.simulation.clock.now();
    if (this.#successionBy === undefined) return;
    const isDisturbed = this.faults.lastChange > this.#successionBy - this.#successionMs || this.faults.isNetworkBad;
    const [group] = this.#groups();
    const isFollowed = group === undefined || group.some((router) => this.routers.isMaster(router));
    if (isDisturbed || isFollowed) this.#successionBy = undefined;
    else if (now > this.#successionBy) this.fail(`nobody followed a master that resigned: ${namesOf(group)}`);
  }

  /** A nopreempt router leaves a master alone that it must have heard within the last interval. */
  #checkPreemption(router: Router): void {
    if (isPreempting(router.plan) || this.scenario.isUnicast || this.faults.isNetworkBad || this.#isAmbiguous()) return;
    const group = this.#groups().find((one) => one.includes(router)) ?? [];
    for (const master of group) {
      if (master === router || !this.routers.isMaster(master)) continue;
      const disturbedAt = this.faults.changeAround(router.plan.name, master.plan.name);
      // A resignation shortens the wait to the skew time, whoever it comes from (RFC 9568 section 6.4.2).
      const since = Math.max(disturbedAt, master.changedAt, ...this.#resigned.values());
      const undisturbed = this.simulation.clock.now() - since;
      if (undisturbed < 1.1 * this.scenario.intervalMs + 2 * this.scenario.delayMs[1]) continue;
      this.fail(`${router.plan.name} has nopreempt and took over from ${master.plan.name}`);
    }
  }

  /** A router that leaves mastership by its own will says so at once with priority 0. */
  #checkResignations(): void {
    for (const { router, at, what } of this.#expectResignation.splice(0)) {
      if (this.#resigned.get(router) !== at) this.fail(`${router} left mastership without priority 0: ${what}`);
    }
  }

  #checkAddresses(router: Router): void {
    const { routers } = this;
    const now = this.simulation.clock.now();
    const isAwake = routers.isAwake(router);
    const isMaster = routers.isMaster(router);
    const isWrong = isAwake && !routers.mayHold(router) && routers.holdsAny(router);
    if (isAwake && router.resignedAt !== undefined && now - this.#undisturbedSince(router, router.resignedAt) > handOverMs)
      this.fail(`${router.plan.name} resigned and does not let go`);
    router.holdingSince = isWrong ? (router.holdingSince ?? now) : undefined;
    if (router.holdingSince !== undefined && now - router.holdingSince > graceMs) {
      this.fail(`${router.plan.name} holds a virtual address in state ${router.state}`);
    }
    const isEmpty = isAwake && isMaster && !routers.holdsAll(router);
    router.emptySince = isEmpty ? (router.emptySince ?? now) : undefined;
    if (router.emptySince !== undefined && now - router.emptySince > graceMs) {
      this.fail(`${router.plan.name} is master and lacks a virtual address`);
    }
  }

  /** Routers that hear each other, by the present partition. Those that cannot take part are in none. */
  #groups(): readonly (readonly Router[])[] {
    const { partition } = this.simulation.net.segment();
    // Who hands over is on its way out, and takes no part.
    const able = this.routers.all.filter(
      (router) => this.routers.isAwake(router) && router.resignedAt === undefined && this.#isConnected(router),
    );
    const groups: Router[][] = [];
    for (const router of able) {
      const home = groups.find(([first]) => first !== undefined && !partition.cuts(first.plan.name, router.plan.name));
      if (home === undefined) groups.push([router]);
      else home.push(router);
    }
    return groups;
  }

  #isConnected({ host }: Router): boolean {
    const link = host.kernel.links.named('eth0');
    return link.isEnabled && link.hasCarrier;
  }

  /** Cuts of one direction, or between two that a third one hears both, make no groups: who is master there is not defined. */
  #isAmbiguous(): boolean {
    const { partition } = this.simulation.net.segment();
    const names = this.scenario.routers.map(({ name }) => name);
    const joins = (a: string, b: string) => !partition.cuts(a, b);
    return names.some((a) =>
      names.some((b) => joins(a, b) !== joins(b, a) || (!joins(a, b) && names.some((c) => joins(a, c) && joins(c, b)))),
    );
  }

  #checkEveryGroupHasMaster(): void {
    if (this.#isAmbiguous()) return;
    for (const group of this.#groups()) {
      if (!group.some((router) => this.routers.isMaster(router))) this.fail(`no master among ${namesOf(group)}`);
    }
  }

  #checkGroups(): void {
    if (this.#isAmbiguous()) return;
    for (const group of this.#groups()) {
      const masters = group.filter((router) => this.routers.isMaster(router));
      if (masters.length > 1) this.fail(`${masters.length} masters in one partition: ${namesOf(masters)}`);
      const [master] = masters;
      const better = group.filter(
        ({ plan, isYielding }) =>
          isPreempting(plan) && !isYielding && master !== undefined && plan.priority > master.plan.priority,
      );
      if (better.length > 0) this.fail(`${namesOf(better)} should have preempted ${master?.plan.name}`);
      for (const router of group) {
        if (router !== master && masters.length === 1 && router.state !== 'backup') {
          this.fail(`${router.plan.name} is ${router.state} beside a master`);
        }
      }
    }
  }
}

function namesOf(routers: readonly Router[]): string {
  return routers.map(({ plan, state }) => `${plan.name} (${state}, priority ${plan.priority})`).join(', ');
}
