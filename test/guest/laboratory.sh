#!/usr/bin/env bash
# In the guest: the whole laboratory, a conversation through its gateway, and what the gateway says of it.
set -euo pipefail
socket=/run/pcg-guest/a/pcgd.sock
inside() { nsenter --net="/run/netns/guest-$1" "${@:2}"; }

node src/bin/lab.ts up --detach --name guest
inside inet node test/e2e/talker.ts echo 7000 &
until [ "$(inside inet ss -Hltun 'sport = :7000' | wc -l)" = 2 ]; do sleep 0.2; done
echo "udp came back: $(inside vm-1-nsx node test/e2e/talker.ts udp 198.51.100.10 7000 --count 100)"
echo "tcp came back: $(inside vm-1-nsx node test/e2e/talker.ts tcp 198.51.100.10 7000)"
node src/bin/pcgd.ts status --json --socket "$socket" >/tmp/status
node -e '
  const { passes, fastPath, objects } = JSON.parse(require("node:fs").readFileSync("/tmp/status"));
  console.log(`followed: ${passes.flow_out.packets} out, ${passes.flow_tunnel.packets} into the tunnel`);
  console.log(`fast path: ${fastPath.why ?? "on"}; objects: ${JSON.stringify(objects.byState)}`);'
kill %1
node src/bin/lab.ts down --name guest
