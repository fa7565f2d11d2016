/*
 * Watches the kernel's table of virtual services, at little cost to it: until it holds so many destinations altogether, or until a
 * destination of one service has a weight. Prints when that was, in milliseconds since the epoch. Started by ../servers-guest.ts:
 * table holds SERVICES DESTINATIONS | table weighs ADDRESS PORT DESTINATIONS WEIGHT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static void fail(const char *what)
{
	fprintf(stderr, "table: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned held(int fd, unsigned services)
{
	socklen_t length = (socklen_t)(sizeof(struct ip_vs_get_services) + services * sizeof(struct ip_vs_service_entry));
	struct ip_vs_get_services *table = calloc(1, length);
	unsigned sum = 0;
	if (table == NULL) fail("memory");
	table->num_services = services;
	if (getsockopt(fd, IPPROTO_IP, IP_VS_SO_GET_SERVICES, table, &length) < 0) fail("IP_VS_SO_GET_SERVICES");
	for (unsigned i = 0; i < services; i++) sum += table->entrytable[i].num_dests;
	free(table);
	return sum;
}

static int weighs(int fd, const char *address, unsigned short port, unsigned destinations, int weight)
{
	socklen_t length = (socklen_t)(sizeof(struct ip_vs_get_dests) + destinations * sizeof(struct ip_vs_dest_entry));
	struct ip_vs_get_dests *table = calloc(1, length);
	int found = 0;
	if (table == NULL) fail("memory");
	table->protocol = IPPROTO_TCP;
	table->port = htons(port);
	table->num_dests = destinations;
	if (inet_pton(AF_INET, address, &table->addr) != 1) fail(address);
	if (getsockopt(fd, IPPROTO_IP, IP_VS_SO_GET_DESTS, table, &length) < 0) fail("IP_VS_SO_GET_DESTS");
	for (unsigned i = 0; i < destinations; i++) found |= table->entrytable[i].weight == weight;
	free(table);
	return found;
}

int main(int argc, char **argv)
{
	int is_holds = argc == 4 && strcmp(argv[1], "holds") == 0, is_weighs = argc == 6 && strcmp(argv[1], "weighs") == 0;
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct timespec pause = { 0, 20 * 1000000 }, at;
	if (fd < 0) fail("socket");
	if (!is_holds && !is_weighs) fail("usage: table holds SERVICES DESTINATIONS | table weighs ADDRESS PORT DESTINATIONS WEIGHT");
	for (;; nanosleep(&pause, NULL)) {
		if (is_holds && held(fd, (unsigned)atoi(argv[2])) >= (unsigned)atoi(argv[3])) break;
		if (is_weighs && weighs(fd, argv[2], (unsigned short)atoi(argv[3]), (unsigned)atoi(argv[4]), atoi(argv[5]))) break;
	}
	clock_gettime(CLOCK_REALTIME, &at);
	printf("%.1f\n", (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6);
	return fflush(stdout) == 0 ? 0 : 1;
}
