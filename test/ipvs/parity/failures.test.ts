/** Servers that fail and come back, in the eyes of keepalived and of Mainstay. Run in the lab by scripts/test.mjs. */
import { onlyInTheLab } from '../../support/lab.js';
import { failures } from './failures.js';
import { play } from './play.js';

onlyInTheLab();
play(failures);
