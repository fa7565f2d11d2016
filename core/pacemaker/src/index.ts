/** @mainstay/pacemaker: the sockets that npm packages lack, on the event loop. Linux only; used by core's Linux ports. */
export { errnoName, NativeMissingError, NativeSocketError } from './errors.js';
export type { ReceivedIpPacket } from './native.js';
export { type NetlinkBatch, NetlinkSocket, type NetlinkSocketOptions } from './netlink-socket.js';
export { PacketSocket, type PacketSocketOptions } from './packet-socket.js';
export { RawIpReceiver, type RawIpReceiverOptions } from './raw-ip-receiver.js';
export { closeRawSocketsOnExec, sendUnixDatagram, setParentDeathSignal } from './system.js';
