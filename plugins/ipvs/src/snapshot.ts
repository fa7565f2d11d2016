/**
 * The kernel's table and the checks at one moment, for those who ask how things stand. A large table takes long to read, and edits wait
 * meanwhile: who asks while it is read gets what is being read, however many they are. Made by manager.ts, asked by report.ts.
 */
import {
  type CheckReport,
  type Checks,
  type Ipvs,
  type KnownIpvsDestination,
  type KnownIpvsService,
  messageOf,
} from '@mainstay/sdk';
import { destinationText, serviceText } from './names.js';

/** The kernel's table, by key. */
interface Figures {
  readonly services: ReadonlyMap<string, KnownIpvsService>;
  readonly destinations: ReadonlyMap<string, KnownIpvsDestination>;
  /** Why there are no figures. */
  readonly problem: string | undefined;
}

export interface Snapshot extends Figures {
  readonly checks: ReadonlyMap<string, CheckReport>;
}

export class Snapshots {
  #underWay: Promise<Figures> | undefined;

  constructor(private readonly ports: { readonly ipvs: Ipvs; readonly checks: Checks }) {}

  async take(): Promise<Snapshot> {
    const [figures, reports] = await Promise.all([this.#figures(), this.ports.checks.report().catch(() => [])]);
    return { ...figures, checks: new Map(reports.map((report) => [report.id, report])) };
  }

  #figures(): Promise<Figures> {
    this.#underWay ??= figuresOf(this.ports.ipvs).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }
}

async function figuresOf(port: Ipvs): Promise<Figures> {
  try {
    const services = await port.read();
    return {
      services: new Map(services.map((service) => [serviceText(service.id), service])),
      destinations: new Map(
        services.flatMap((service) =>
          service.destinations.map((one) => [`${serviceText(service.id)} > ${destinationText(one)}`, one] as const),
        ),
      ),
      problem: undefined,
    };
  } catch (error) {
    return { services: new Map(), destinations: new Map(), problem: messageOf(error) };
  }
}
