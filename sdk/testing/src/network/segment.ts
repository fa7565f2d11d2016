/**
 * One LAN: a learning switch whose links delay, lose, duplicate, reorder and corrupt frames, and which partitions can cut.
 * The simulated kernels plug their links in; tests set its conditions.
 */
import type { Clock } from '@mainstay/sdk';
import type { Random } from '../random.js';
import { type Conditions, type LinkConditions, perfectLink } from './conditions.js';
import { Frame } from './frame.js';
import { isGroupMac } from './mac.js';
import { Partition } from './partition.js';

/** Where a host's link is plugged in. */
export interface Station {
  /** Name of the host: what partitions and conditions speak of. */
  readonly host: string;
  receive(frame: Frame): void;
}

export interface Capture {
  readonly at: number;
  readonly segment: string;
  readonly from: string;
  readonly frame: Frame;
}

interface Port {
  readonly station: Station;
  /** Which port this side of the LAN last saw a hardware address behind. Kept per port, as switches of a cut LAN would. */
  readonly learned: Map<string, Port>;
}

export class Segment {
  readonly partition = new Partition();
  readonly #ports: Port[] = [];
  readonly #watchers = new Set<(capture: Capture) => void>();
  readonly #byPair = new Map<string, LinkConditions>();
  #conditions: LinkConditions;

  constructor(
    readonly name: string,
    private readonly clock: Clock,
    private readonly random: Random,
    conditions: Conditions = {},
  ) {
    this.#conditions = { ...perfectLink, ...conditions };
  }

  /** Conditions of every link of this LAN from now on; absent ones stay as they are. */
  setConditions(conditions: Conditions): void {
    this.#conditions = { ...this.#conditions, ...conditions };
  }

  /** Conditions of what one host hears from another; undefined: those of the LAN again. */
  setPath(from: string, to: string, conditions: Conditions | undefined): void {
    if (conditions === undefined) this.#byPair.delete(`${from} ${to}`);
    else this.#byPair.set(`${from} ${to}`, { ...this.#conditions, ...conditions });
  }

  /** Hears every frame that is sent, whatever becomes of it. */
  watch(watcher: (capture: Capture) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Plugs a station in; answers how it sends. */
  plug(station: Station): (frame: Frame) => void {
    const port: Port = { station, learned: new Map() };
    this.#ports.push(port);
    return (frame) => this.#transmit(port, frame);
  }

  #transmit(from: Port, frame: Frame): void {
    for (const watcher of this.#watchers) {
      watcher({ at: this.clock.now(), segment: this.name, from: from.station.host, frame });
    }
    const only = isGroupMac(frame.destination) ? undefined : from.learned.get(frame.destination);
    for (const to of this.#ports) {
      if (to === from || this.partition.cuts(from.station.host, to.station.host)) continue;
      if (to.learned.get(frame.source) !== from) to.learned.set(frame.source, from);
      if (only === undefined || only === to) this.#carry(from, to, frame);
    }
  }

  #carry(from: Port, to: Port, frame: Frame): void {
    const link = this.#byPair.size === 0 ? this.#conditions : this.#conditionsOf(from.station.host, to.station.host);
    if (this.random.chance(link.loss)) return;
    const copies = this.random.chance(link.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const [least, most] = typeof link.delayMs === 'number' ? [link.delayMs, link.delayMs] : link.delayMs;
      const delay = least === most ? least : this.random.between(least, most);
      const arrived = this.random.chance(link.corrupt) ? this.#corrupted(frame) : frame;
      this.clock.after(delay, () => {
        // A cut while the frame is under way takes it too: after a partition nothing from the other side arrives any more.
        if (!this.partition.cuts(from.station.host, to.station.host)) to.station.receive(arrived);
      });
    }
  }

  #conditionsOf(from: string, to: string): LinkConditions {
    return this.#byPair.get(`${from} ${to}`) ?? this.#conditions;
  }

  /** One to three bytes behind the Ethernet header change: damage that the frame check sequence did not see. */
  #corrupted(frame: Frame): Frame {
    const bytes = frame.bytes.slice();
    const count = this.random.int(1, 3);
    for (let i = 0; i < count && bytes.length > 14; i++) {
      const at = this.random.int(14, bytes.length - 1);
      bytes[at] = (bytes[at] ?? 0) ^ this.random.int(1, 255);
    }
    return Frame.ofBytes(bytes) ?? frame;
  }
}
