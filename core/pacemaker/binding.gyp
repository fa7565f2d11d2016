{
  "targets": [
    {
      "target_name": "pacemaker",
      "sources": [
        "native/module.c",
        "native/values.c",
        "native/socket.c",
        "native/raw_ip.c",
        "native/packet.c",
        "native/netlink.c",
        "native/unix_datagram.c",
        "native/descriptors.c",
        "native/process.c"
      ],
      "defines": ["NAPI_VERSION=8", "_GNU_SOURCE"],
      "cflags": ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes", "-fvisibility=hidden", "-fstack-protector-strong"],
      "ldflags": ["-Wl,-z,relro,-z,now"]
    }
  ]
}
