/** The real clock, for the parts of core that are not plugins: the supervisor and the programs of its processes. */
export { linuxClock as systemClock } from '../ports/linux/clock.js';
