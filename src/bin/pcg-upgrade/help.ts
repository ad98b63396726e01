export const pcgUpgradeHelp = `pcg-upgrade: another version for the appliance, and the way back.

  pcg-upgrade status [--json]      the two slots, what runs, what boots next, how the last upgrade came out
  pcg-upgrade install FILE|URL|-   put a bundle into the slot that does not run, and go over to it
  pcg-upgrade rollback             go over to the version in the other slot; one on trial is taken back
  pcg-upgrade confirm              what runs at every boot: a version on trial stays if it is healthy, or goes
  pcg-upgrade --version            say which version this is

  --allow-downgrade   take a version older than the one that runs
  --no-reboot         where a reboot is needed: leave it to the operator, or to chance
  --limit SECONDS     how long a new version may take to be healthy (default 120; confirm: 300)
  --store DIR         the disk with boot/grub and slots (default /store)
  --product DIR       where the product is mounted (default /opt/pcg)
  --run DIR           for what is needed until the next boot (default /run/pcg-upgrade)
  --keys DIR          public keys that bundles are believed for, *.pem (default /usr/share/pcg/upgrade-keys)

A bundle is checked as it comes: the signature of its list first, then size and SHA-256 of each file. Until all of it is
there and right, what runs and what the next boot would bring up stay as they are. The product alone is exchanged under
the running system: forwarding goes on, and if the new one is not healthy in time the old one is back. Another kernel or
root file system needs a reboot: GRUB tries the new slot once, and any reset, panic or hang on the way returns to the old.

Where a bundle is made:

  pcg-upgrade keygen --key FILE --public FILE
  pcg-upgrade pack --slot DIR --version V --key FILE --out FILE [--kernel RELEASE] [--built-at TIME]

  --slot DIR          vmlinuz, initrd.img, root.squashfs and product.squashfs; manifest.json is written beside them
  --version V         as in 1.2.3 or 1.2.3-rc.1
  --key FILE          ed25519 private key, PKCS #8 PEM
  --public FILE       its public half, for /usr/share/pcg/upgrade-keys
  --kernel RELEASE    as uname -r says it (default: what vmlinuz says)
  --built-at TIME     as in 2026-01-02T03:04:05Z (default: SOURCE_DATE_EPOCH, or now)`;
