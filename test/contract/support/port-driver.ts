/** Drives ports in this process and remembers what they reported. Used by the simulated world and by the Linux agent. */
import type { Clock, LinkLayerSocket, Ports, RawIpPacket, RawIpSocket } from '@mainstay/sdk';
import { createPacedBench, pace } from './paced-bench.js';
import type { PortDriver, SeenEvent } from './world.js';

export type NetworkPorts = Pick<Ports, 'links' | 'addresses' | 'routes' | 'rawIp' | 'linkLayer' | 'pacemaker' | 'firewall'> & {
  readonly clock: Clock;
};

interface OpenSocket {
  readonly raw?: RawIpSocket;
  readonly layer?: LinkLayerSocket;
  close(): void;
  readonly packets: RawIpPacket[];
  readonly frames: Uint8Array[];
  readonly errors: string[];
}

export function createPortDriver(ports: NetworkPorts): PortDriver {
  const events: SeenEvent[] = [];
  const sockets: OpenSocket[] = [];
  const bench = createPacedBench(ports.pacemaker, ports.clock);
  ports.links.watch(({ kind, link }) => events.push({ of: 'link', kind, what: link.name }));
  ports.addresses.watch(({ kind, address }) => events.push({ of: 'address', kind, what: address.address }));
  ports.routes.watch(({ kind, route }) => events.push({ of: 'route', kind, what: route.destination }));
  const socket = (id: number): OpenSocket => {
    const found = sockets[id];
    if (found === undefined) throw new RangeError(`no socket ${id}`);
    return found;
  };
  const raw = (id: number): RawIpSocket => {
    const found = socket(id).raw;
    if (found === undefined) throw new RangeError(`socket ${id} is no raw socket`);
    return found;
  };
  return {
    links: async () => ports.links.list(),
    addresses: async () => ports.addresses.list(),
    linkByName: async (name) => ports.links.get(name),
    linkByIndex: async (index) => ports.links.byIndex(index),
    address: async (key) => ports.addresses.get(key),
    addressesOn: async (link) => ports.addresses.onLink(link),
    routes: async () => ports.routes.list(),
    events: async () => [...events],
    addAddresses: (addresses) => ports.addresses.add(addresses),
    removeAddresses: (keys) => ports.addresses.remove(keys),
    addRoutes: (routes) => ports.routes.add(routes),
    removeRoutes: (routes) => ports.routes.remove(routes),
    refuse: (set, addresses) => ports.firewall.refuse(set, addresses),
    openRaw: async (family, protocol, link) => sockets.push(openRaw(ports, family, protocol, link)) - 1,
    join: async (id, group) => raw(id).join(group),
    leave: async (id, group) => raw(id).leave(group),
    sendRaw: async (id, packet) => raw(id).send(packet),
    packets: async (id) => [...socket(id).packets],
    counters: async (id) => ({ ...raw(id).counters }),
    openFrames: async (link, etherType, receives) => sockets.push(openFrames(ports, link, etherType, receives)) - 1,
    sendFrame: async (id, frame) => socket(id).layer?.send(frame),
    sendFrames: async (id, frames) => socket(id).layer?.sendAll(frames),
    frames: async (id) => [...socket(id).frames],
    errors: async (id) => [...socket(id).errors],
    closeSocket: async (id) => socket(id).close(),
    pace: async (calls) => pace(bench, calls),
    timers: (delays) => timers(ports.clock, delays),
    cancels: () => cancels(ports.clock),
  };
}

function openRaw(ports: NetworkPorts, family: 4 | 6, protocol: number, link: number): OpenSocket {
  const record = { packets: [] as RawIpPacket[], frames: [], errors: [] as string[] };
  const opened = ports.rawIp.open({
    family,
    protocol,
    link,
    onPacket: (packet) => record.packets.push(packet),
    onError: (error) => record.errors.push(error.message),
  });
  return { ...record, raw: opened, close: () => opened.close() };
}

function openFrames(ports: NetworkPorts, link: number, etherType: number, receives: boolean): OpenSocket {
  const record = { packets: [], frames: [] as Uint8Array[], errors: [] as string[] };
  const opened = ports.linkLayer.open({
    link,
    etherType,
    ...(receives ? { onFrame: (frame: Uint8Array) => void record.frames.push(frame) } : {}),
    onError: (error) => record.errors.push(error.message),
  });
  return { ...record, layer: opened, close: () => opened.close() };
}

function timers(clock: Clock, delays: readonly number[]): ReturnType<PortDriver['timers']> {
  return new Promise((resolve) => {
    const fired: { delay: number; late: number }[] = [];
    for (const delay of delays) {
      const due = clock.now() + delay;
      clock.at(due, () => {
        fired.push({ delay, late: clock.now() - due });
        if (fired.length === delays.length) resolve(fired);
      });
    }
  });
}

function cancels(clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    let hasFired = false;
    const first = clock.after(5, () => {
      hasFired = true;
    });
    clock.after(20, () => {
      first.cancel();
      resolve(!hasFired);
    });
    first.cancel();
  });
}
