/** UDP_CHECK as a checker's package of its own would export it: for the contract's other process. */
export { udpCheck as default } from '@mainstay/checker-udp';
