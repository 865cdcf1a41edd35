#!/bin/sh
# Makes, once, what compose.yaml needs: the key that signs tokens, an authority, and the certificates of nginx and the
# mail catcher. For trying things out; in production the keys come from whoever keeps your secrets.
set -eu
cd "${1:-/keys}"
if [ -e complete ]; then exit 0; fi

openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out jwt.pem
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 \
    -subj '/CN=Users Service, trial' -keyout ca.key -out ca.crt

certificate() { # FILE NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 365 -CA ca.crt -CAkey ca.key \
        -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -addext 'basicConstraints=critical,CA:FALSE' \
        -keyout "$1.key" -out "$1.crt"
}
certificate tls localhost
certificate mail mail

# The containers run as different users, and the volume is theirs alone.
chmod 0644 ./*.key jwt.pem
touch complete
