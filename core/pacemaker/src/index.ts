/** @mainstay/pacemaker: sockets on the event loop, and a thread that keeps time beside it. Linux only; used by core's Linux ports. */
export { Asker, type Departed, type Part, type Question, type Routine, type RoutineFacts } from './asker.js';
export { errnoName, NativeMissingError, NativeSocketError } from './errors.js';
export type { ReceivedIpPacket } from './native.js';
export { type NetlinkBatch, NetlinkSocket, type NetlinkSocketOptions } from './netlink-socket.js';
export { type DatagramOptions, DatagramSocket, type Departure, prepareStream } from './outgoing.js';
export {
  type BeaconChange,
  type BeaconEnd,
  type BeaconOptions,
  type IpSend,
  PacemakerBeacon,
  type Send,
  type UdpSend,
} from './pacemaker-beacon.js';
export { type LineOptions, PacemakerLine, type Transport } from './pacemaker-line.js';
export { PacemakerThread, type ThreadStatus } from './pacemaker-thread.js';
export {
  type Foreseen,
  type HeardPacket,
  PacemakerWatch,
  type PacketFilter,
  type WatchOptions,
  type WatchTerms,
} from './pacemaker-watch.js';
export { PacketSocket, type PacketSocketOptions } from './packet-socket.js';
export { RawIpReceiver, type RawIpReceiverOptions } from './raw-ip-receiver.js';
export { closeOthersOnExec, closeRawSocketsOnExec, sendUnixDatagram, setParentDeathSignal } from './system.js';
