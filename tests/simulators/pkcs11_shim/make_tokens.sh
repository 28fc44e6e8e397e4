#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make_tokens.sh DIRECTORY MODULE: two SoftHSM tokens with the labels of a CPS, made at build time so that no key is
# committed. DIRECTORY then holds tokens/ (to be copied before use) and the certificates. PIN 1234.
#   CPS3v3-0123456789  as on a card, with three data objects, one of them private, one too long
#   CPS3v3-0000000002  its certificates carry the CKA_ID of the other key
set -eu
umask 077
out=$1 module=$2
pin=1234
rm -rf "$out"
mkdir -p "$out/tokens"
cd "$out"
cat > softhsm2.conf <<EOF
directories.tokendir = $out/tokens
objectstore.backend = file
log.level = ERROR
EOF
export SOFTHSM2_CONF=$out/softhsm2.conf

certificate() { # NAME USAGE
  cat > request.conf <<EOF
[req]
distinguished_name = subject
x509_extensions = extensions
prompt = no
[subject]
C = FR
O = TEST IGC-SANTE
CN = TEST $1
[extensions]
keyUsage = critical, $2
EOF
  openssl req -x509 -config request.conf -newkey rsa:2048 -nodes -sha256 -days 3650 -keyout "$1.key" -outform DER -out "$1.der" 2> /dev/null
}

token() { # LABEL KEY-ID-SIG KEY-ID-AUT CERTIFICATE-ID-SIG CERTIFICATE-ID-AUT
  softhsm2-util --init-token --free --label "$1" --so-pin 12345678 --pin $pin > /dev/null
  softhsm2-util --import sig.key --token "$1" --pin $pin --label CPS_PRIV_SIG --id "$2" > /dev/null
  softhsm2-util --import aut.key --token "$1" --pin $pin --label CPS_PRIV_AUT --id "$3" > /dev/null
  write() { pkcs11-tool --module "$module" --token-label "$token" --login --pin $pin --type cert --write-object "$@" > /dev/null 2>&1; }
  local token=$1
  write sig.der --label "Certificat de Signature CPS" --id "$4"
  write aut.der --label "Certificat d'Authentification CPS" --id "$5"
}

certificate sig nonRepudiation
certificate aut digitalSignature
token CPS3v3-0123456789 01 02 01 02
token CPS3v3-0000000002 01 02 02 01
data() { # LABEL BYTES [--private]
  printf '%s' "$2" > value
  pkcs11-tool --module "$module" --token-label CPS3v3-0123456789 --login --pin $pin --type data --application-label CPS \
    --label "$1" --write-object value "${@:3}" > /dev/null 2>&1
}
data CPS_INFO_PS ..SM26
data CPS_LONG "$(printf '%2000s' '')"
data CPS_ACTIVITY_01_PS first --private
rm -f value
rm -f ./*.key request.conf
