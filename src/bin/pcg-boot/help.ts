export const pcgBootHelp = `pcg-boot: from the cloud's metadata to a gateway that runs.

  pcg-boot [run]             serve: read the instance's metadata and user data, write the unit's configuration, enrol
                             it with its manager, start the gateway, and keep all of it as the metadata says
  pcg-boot selftest [--json] whether this box is healthy, check by check, and what to do where it is not
  pcg-boot diagnosis [--json]  what is wrong and what to do, the self-test, and who this box is

  --metadata URL   EC2's instance metadata service (default http://169.254.169.254)
  --root DIR       put before the path of every file that is written or read again (default: none)
  --user NAME      whose the unit's credentials are (default pcg)
  --version        say which version this is

Interfaces are told apart by the device number of their ENI: 0 management, 1 uplink, 2 downlink. What user data may
say is in pcg-user-data(5). As long as anything is missing or wrong the gateway is not started; what is wrong stands
on the console with what to do about it, and is looked for again every few seconds. A gateway that was configured
once goes on with that where the metadata service is silent for five seconds, or says what cannot be used.

  /etc/pcg/pcgd.yaml, desired.yaml, credentials/      written for pcg-kernel and pcgd
  /run/systemd/network/10-pcg-ROLE.network            written for systemd-networkd
  /run/pcg-keys/admin                                 the operators' ssh keys, from metadata alone
  /run/pcg-lockdown/interfaces.nft                    loaded by systemd with the appliance's own firewall
  /run/pcg/boot/state.json                            how the unit is
  /run/pcg/boot/ready                                 is there while the box is healthy, and says since when
  /run/issue.d/50-pcg.issue, /dev/console             the same for people
  /var/lib/pcg-boot/known.json                        by which facts the unit was configured last

selftest ends with 0 when all checks but those that are not counted are ok, with 1 otherwise.`;
