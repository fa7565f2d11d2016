/** Another configuration while a server is down, in the eyes of keepalived and of Mainstay. Run in the lab by scripts/test.mjs. */
import { onlyInTheLab } from '../../support/lab.js';
import { play } from './play.js';
import { reloads } from './reloads.js';

onlyInTheLab();
play(reloads);
