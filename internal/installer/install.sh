#!/bin/sh
# Installs Slipway's host agent and starts it as the service codedeploy-agent. The agent's
# program is behind this text. Run it as root:  ./install auto
set -eu

server='@ENDPOINT@'
conf=/etc/codedeploy-agent/conf

fail() { echo "install: $*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || fail "this must be done as root"
[ "$(uname -sm)" = "Linux @MACHINE@" ] ||
  fail "the agent of $server is for Linux on @MACHINE@, and this host is $(uname -sm): start the server with --agent-program and one for this host"

tree=$(mktemp -d)
trap 'rm -rf "$tree" "$tree.deb"' EXIT
chmod 755 "$tree"
mkdir -p "$tree/usr/bin"
agent=/usr/bin/slipway-agent
tail -c @SIZE@ "$0" > "$tree$agent"
chmod 755 "$tree$agent"

# As a package where there are packages, so that aws deploy uninstall finds what to remove.
if command -v dpkg-deb >/dev/null; then
  mkdir "$tree/DEBIAN"
  cat > "$tree/DEBIAN/control" <<END
Package: codedeploy-agent
Version: 1:$(date -u +%Y%m%d.%H%M%S)
Architecture: @ARCHITECTURE@
Maintainer: $server
Conflicts: slipway-agent
Replaces: slipway-agent
Description: Slipway agent: carries out deployments on this host
END
  cat > "$tree/DEBIAN/prerm" <<END
#!/bin/sh
[ "\$1" != remove ] || $agent uninstall
END
  chmod 755 "$tree/DEBIAN/prerm"
  dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$tree.deb" >/dev/null
  dpkg -i "$tree.deb"
else
  agent=$tree$agent # install copies it to where it belongs
fi

# Whom the agent calls and trusts. What a configuration that is there says stays.
mkdir -p "$conf"
cat > "$conf/signer-ca.pem" <<'END'
@SIGNER_CA@
END
cat > "$conf/server-ca.pem" <<'END'
@SERVER_CA@
END
[ -s "$conf/server-ca.pem" ] || rm "$conf/server-ca.pem"
config=$conf/codedeployagent.yml
say() { grep -qs "^:*$1:" "$config" || echo ":$1: $2" >> "$config"; }
manager=sysv
[ ! -d /run/systemd/system ] || manager=systemd
[ -s "$config" ] || "$agent" install --init $manager
say deploy_control_endpoint "$server"
grep -q "^:deploy_control_endpoint: $server\$" "$config" ||
  fail "$config names another server than $server: change it there, or delete the file, and install again"
say s3_endpoint_override "$server"
say deployment_signer_ca_file "$conf/signer-ca.pem"
[ ! -e "$conf/server-ca.pem" ] || say ca_file "$conf/server-ca.pem"
"$agent" install --init $manager --start
exit 0
