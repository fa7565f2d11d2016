/** Every checker with every keyword, in the eyes of keepalived and of Mainstay. Run in the lab by scripts/test.mjs. */
import { onlyInTheLab } from '../../support/lab.js';
import { checkers } from './checkers.js';
import { play } from './play.js';

onlyInTheLab();
play(checkers);
