export const nsxManagerHelp = `nsx-manager: the management plane, and the controller of gateways, in one process.

  nsx-manager [run]               serve the API, and gateways
  nsx-manager get PATH            an object, a collection, or anything else of the API
                                  '/infra?filter=Type-Segment|SegmentPort': the tree of some types, as apply takes it
                                  /infra/segments/SEGMENT/ports/PORT/state: whether a port is up
  nsx-manager put PATH FILE       an object, whole, from a JSON or YAML file (- for standard input)
  nsx-manager patch PATH FILE     some of its fields
  nsx-manager delete PATH
  nsx-manager apply FILE          many objects at once: a hierarchical PATCH of /infra
  nsx-manager realized PATH [--wait SECONDS]
                                  how far gateways have come with an object; waits until they have it
  nsx-manager join ROLE ID        a token with which one node (gateway or agent) enrols, once
  nsx-manager revoke ROLE ID      none of its certificates is good any more
  nsx-manager put /enrolment/aws/gateways/GATEWAY FILE
                                  the EC2 instance that may enrol as a gateway by its identity document: accountId, and
                                  instanceId or privateIp (its successor on the same NIC may come too); region, imageId
  nsx-manager put /enrolment/aws FILE
                                  regions: the certificates with which AWS signs such documents; accounts and networks
                                  whose instances may enrol as agents
  nsx-manager backup FILE         a copy of the store (--store), while managers run. To go back to it: stop them, remove
                                  the store's file and its -wal and -shm, put the copy in its place, start. For an etcd:
                                  etcdctl snapshot save FILE; to go back, stop managers, then etcdctl snapshot restore
  nsx-manager --version           say which version this is

PATH is as in the API: /infra, /enrolment and /nodes stand for what is under /policy/api/v1. The pin that nodes are given
is logged when the manager starts, and is in its file pin.

Serving:
  --store SPEC       where everything is: a file, or etcd://HOST:2379,HOST:2379/PREFIX (etcds:// with ?ca=&cert=&key=)
                     for several managers over one store (default /var/lib/nsx-manager/manager.db)
  --state DIR        this manager's own files: admin.token, authority.pem and pin, made at the first start; root.key,
                     which you should take away and lock up; audit/ (default /var/lib/nsx-manager)
  --listen H:P       the API (default 0.0.0.0:443)
  --controller H:P   for gateways (default 0.0.0.0:1235)
  --name NAME        a name or address under which others look for it; repeat for more
  --id ID            by which gateways know their controller; the same for all managers over one store (default ccp)

Asking:
  --url URL          (default https://127.0.0.1)
  --token FILE       of the token (default /var/lib/nsx-manager/admin.token)
  --authority FILE   its authority's certificate (default /var/lib/nsx-manager/authority.pem)

Killing it disturbs no traffic: gateways and agents go on with what they were told.`;
