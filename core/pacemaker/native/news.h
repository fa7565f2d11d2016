/* What a watch has told last of one kind, in one word, so that what is read together belongs together. Used by pacer.h. */
#ifndef PACEMAKER_NEWS_H
#define PACEMAKER_NEWS_H

#include <stdbool.h>
#include <stdint.h>

/* How often, under which terms, and how often of these the foreseen was done. */
struct pm_news {
  uint32_t generation;
  uint16_t count;
  uint16_t acts;
};

static inline struct pm_news pm_news_of(uint64_t word) {
  return (struct pm_news){.generation = (uint32_t)(word >> 32), .count = (uint16_t)(word >> 16), .acts = (uint16_t)word};
}

/* The word after `former`. */
static inline uint64_t pm_news_next(uint64_t former, uint32_t generation, bool has_acted) {
  struct pm_news news = pm_news_of(former);
  return (uint64_t)generation << 32 | (uint32_t)(uint16_t)(news.count + 1) << 16 | (uint16_t)(news.acts + has_acted);
}

#endif
