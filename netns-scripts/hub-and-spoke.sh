#!/usr/bin/env bash
# Three spokes reach each other through one hub.
#
#     spoke1 192.0.2.11 --+                 +-- 10.8.0.11 spoke1
#     spoke2 192.0.2.12 --+-- core -- hub --+-- 10.8.0.12 spoke2
#     spoke3 192.0.2.13 --+   (bridge)      +-- 10.8.0.13 spoke3
#                             192.0.2.1         10.8.0.1  hub
#
# A spoke allows the whole 10.8.0.0/24 to the hub; the hub routes between the spokes. KIND=tap makes it
# one Ethernet instead: the hub forwards frames between the spokes if HUB=true, else only its own.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

topology_up() {
  local i
  hosts core hub spoke1 spoke2 spoke3
  link core hub - hub eth0 192.0.2.1/24
  for i in 1 2 3; do link core "spoke$i" - "spoke$i" eth0 "192.0.2.1$i/24"; done
  switch core br0 hub spoke1 spoke2 spoke3
  forward hub
  local kind=("kind=${KIND:-tun}") spokes=10.8.0.0/24 spoke
  if [ "${KIND:-tun}" = tap ]; then spokes=-; fi
  tunnel hub wr0 10.8.0.1/24 listen_port=51820 "${kind[@]}" ${HUB:+"hub=$HUB"}
  for i in 1 2 3; do
    spoke=10.8.0.1$i/32
    if [ "$spokes" = - ]; then spoke=-; fi
    # The hub learns each spoke's endpoint from its handshake.
    peer hub wr0 "spoke$i" "$spoke"
    tunnel "spoke$i" wr0 "10.8.0.1$i/24" "${kind[@]}"
    peer "spoke$i" wr0 hub "$spokes" endpoint=192.0.2.1:51820 persistent_keepalive=25
  done
  for i in hub spoke1 spoke2 spoke3; do start "$i" wr0; done
}

main "$@"
