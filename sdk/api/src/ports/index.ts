/** The ports of a plugin. A port that the manifest's `needs` does not name is not handed over: touching it throws. */
import type { Checks } from './checks.js';
import type { Firewall } from './firewall.js';
import type { Files, Modules, ProcessPort } from './host.js';
import type { Ipvs } from './ipvs.js';
import type { Addresses, LinkLayer, Links, RawIp, Routes } from './network.js';
import type { Pacemaker } from './pacemaker.js';
import type { IcmpPort, TcpPort, TlsPort, UdpPort } from './sockets.js';

export * from './checks.js';
export * from './firewall.js';
export * from './host.js';
export * from './ipvs.js';
export * from './network.js';
export * from './pacemaker.js';
export * from './sockets.js';

export interface Ports {
  readonly links: Links;
  readonly addresses: Addresses;
  readonly routes: Routes;
  readonly rawIp: RawIp;
  readonly linkLayer: LinkLayer;
  readonly pacemaker: Pacemaker;
  readonly firewall: Firewall;
  readonly tcp: TcpPort;
  readonly tls: TlsPort;
  readonly udp: UdpPort;
  readonly icmp: IcmpPort;
  readonly ipvs: Ipvs;
  readonly checks: Checks;
  readonly process: ProcessPort;
  readonly modules: Modules;
  readonly files: Files;
}

export type PortName = keyof Ports;

export const portNames: readonly PortName[] = [
  'links',
  'addresses',
  'routes',
  'rawIp',
  'linkLayer',
  'pacemaker',
  'firewall',
  'tcp',
  'tls',
  'udp',
  'icmp',
  'ipvs',
  'checks',
  'process',
  'modules',
  'files',
];
