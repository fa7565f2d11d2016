/** The service on a router: answers each datagram to the virtual address with its text and the router's name. Argument: the name. */
import { createSocket } from 'node:dgram';
import { virtualAddress } from './story.js';

const [router = '?'] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.on('message', (question, from) => socket.send(`${question.toString()} ${router}`, from.port, from.address));
// The address comes and goes; net.ipv4.ip_nonlocal_bind lets us wait for it.
socket.bind(7, virtualAddress);
