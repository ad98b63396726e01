export const pcgdHelp = `pcgd: the Public Cloud Gateway's daemon.

  pcgd [run]                 serve: take the desired state, keep the kernel as wished, answer DHCP
  pcgd enrol --manager URL --pin PIN (--token TOKEN | --aws)
                             get this unit's certificate from a manager, once; run renews it by itself
  pcgd check FILE...         say what is wrong with desired-state or pcgd.yaml files, by field and value
  pcgd status [--json]       how things are; --objects lists every kernel object with its state
  pcgd flows [ADDRESS] [--json]  connections on the fast path, those of an address or all: how their packets come
                             and leave, their translation, age and counts
  pcgd cleanup               remove all this gateway owns in the kernel, cold (stop pcgd first)

  --config FILE    this unit (default /etc/pcg/pcgd.yaml)
  --desired FILE   the desired state, re-read when it changes (default /etc/pcg/desired.yaml)
  --credentials DIR  certificate.pem, key.pem and authority.pem, where pcgd.yaml names a controller that says
                   what is desired (default /etc/pcg/credentials)
  --manager URL    where to enrol, such as https://10.99.250.10; give several, and any of them will do
  --pin PIN        the managers' root certificate: sha256: and 64 digits, as /enrol/authority shows them
  --token TOKEN    what a manager gave out for this unit; good once, for a quarter of an hour
  --aws            in place of a token: this instance's identity document, signed by AWS; the manager must list the
                   instance for this gateway (nsx-manager(8): put /enrolment/aws/gateways/NAME FILE)
  --metadata URL   where that is asked for (default http://169.254.169.254)
  --kernel PATH    where pcg-kernel answers (default /run/pcg/kernel.sock)
  --socket PATH    where pcgd answers (default /run/pcg/pcgd.sock)
  --state DIR      leases, and the desired state as it was told last (default /var/lib/pcg)
  --version        say which version this is

Killing pcgd disturbs no traffic; only DHCP waits until it is back.`;

export const pcgKernelHelp = `pcg-kernel: the gateway's door to the kernel, for pcgd alone.

  pcg-kernel [--config FILE] [--socket PATH] [--bpffs DIR]    serve
  pcg-kernel load [--bpffs DIR]                               load this version's eBPF programs, and end

  --config FILE   this unit (default /etc/pcg/pcgd.yaml)
  --socket PATH   where pcgd asks (default /run/pcg/kernel.sock)
  --bpffs DIR     a mounted bpffs to keep eBPF programs and maps in (default /run/pcg/bpf)
  --version       say which version this is

Serving needs CAP_NET_ADMIN and CAP_BPF, and no more. Loading needs CAP_PERFMON beside them: without it some
kernels refuse the programs, and others slow them down; and CAP_SYS_ADMIN where connection tracking is a module, or
there is no fast path. Killing it disturbs no traffic.`;
