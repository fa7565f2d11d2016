/** The ports of one simulated process, as the plugin host hands them out. */
import { ClockPacemaker } from '@mainstay/core';
import { MainstayError, type Pacemaker, type PortName, type Ports, portNames } from '@mainstay/sdk';
import type { SimulatedProcess } from '../kernel/process.js';
import { createRandom } from '../random.js';
import { SimulatedFiles, SimulatedModules } from './files.js';
import { simulatedFirewall } from './firewall.js';
import { simulatedIpvs } from './ipvs.js';
import { simulatedLinkLayer } from './link-layer.js';
import { simulatedRawIp } from './raw-ip.js';
import { SimulatedScripts } from './scripts.js';
import { socketsOf } from './sockets.js';
import { simulatedAddresses, simulatedLinks, simulatedRoutes } from './tables.js';

export interface SimulatedPorts extends Ports {
  readonly process: SimulatedScripts;
  readonly modules: SimulatedModules;
  readonly files: SimulatedFiles;
}

export interface PortParts {
  readonly scripts?: SimulatedScripts;
  readonly modules?: SimulatedModules;
  readonly files?: SimulatedFiles;
}

/** Every port of a process, each made when it is first touched. */
export function createPorts(process: SimulatedProcess, parts: PortParts = {}): SimulatedPorts {
  const sockets = socketsOf(process);
  const make: { [Name in PortName]: () => SimulatedPorts[Name] } = {
    links: () => simulatedLinks(process),
    addresses: () => simulatedAddresses(process),
    routes: () => simulatedRoutes(process),
    rawIp: () => simulatedRawIp(process),
    linkLayer: () => simulatedLinkLayer(process),
    pacemaker: () => simulatedPacemaker(process),
    firewall: () => simulatedFirewall(process),
    tcp: () => sockets.tcp,
    tls: () => sockets.tls,
    udp: () => sockets.udp,
    icmp: () => sockets.icmp,
    ipvs: () => simulatedIpvs(process),
    checks: () => notSimulated('checks'),
    process: () => parts.scripts ?? new SimulatedScripts(process.clock),
    modules: () => parts.modules ?? new SimulatedModules(),
    files: () => parts.files ?? new SimulatedFiles(),
  };
  const ports = {};
  for (const name of portNames) {
    let port: SimulatedPorts[PortName] | undefined;
    Object.defineProperty(ports, name, { enumerable: true, get: () => (port ??= make[name]()) });
  }
  return ports as SimulatedPorts;
}

function notSimulated(name: PortName): never {
  throw new MainstayError('PORT_NOT_SIMULATED', `the port "${name}" is not simulated`);
}

/** Core's own pacemaker of timers, on the simulated sockets. */
function simulatedPacemaker(process: SimulatedProcess): Pacemaker {
  const random = createRandom(0).fork(`pacemaker of ${process.kernel.name}`);
  const around = {
    rawIp: simulatedRawIp(process),
    linkLayer: simulatedLinkLayer(process),
    links: simulatedLinks(process),
    addresses: simulatedAddresses(process),
    clock: process.clock,
    random: () => random.next(),
  };
  return new ClockPacemaker(around, 'this is a simulation');
}
