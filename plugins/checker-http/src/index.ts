/** placeholder */
export { Pattern } from './pattern/pattern.js';
