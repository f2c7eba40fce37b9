#!/bin/sh
# Three first calls. None of them changes anything in WeChat.
#
#   GATEWAY_KEY=gwk_... sh examples/curl.sh wx_your_account
#
# GATEWAY_URL is the gateway's address; default: http://127.0.0.1:8080.
set -eu

url=${GATEWAY_URL:-http://127.0.0.1:8080}
key=${GATEWAY_KEY:?Set GATEWAY_KEY to a key of this gateway.}
app_id=${1:-wx_demo}

# call OPERATION BODY [CURL OPTION...]
# Passes the key on standard input: an argument would show in the process list.
call() {
  operation=$1
  body=$2
  shift 2
  printf 'header = "Authorization: Bearer %s"\n' "$key" |
    curl --config - --silent --show-error --include --max-time 45 \
      --header 'Content-Type: application/json' --data "$body" "$@" \
      "$url/contacts/$operation"
  printf '\n\n'
}

echo '1. The contact list. Cache-Status says where it comes from, Age how old a saved one is.'
call fetchContactsList "{\"appId\":\"$app_id\"}"

echo '2. The saved list, at once, without asking the upstream.'
call fetchContactsList "{\"appId\":\"$app_id\"}" --header 'Cache-Control: only-if-cached'

echo '3. A refusal: 9 is not a valid option, so nothing is sent. RateLimit shows what the account has left.'
call addContacts "{\"appId\":\"$app_id\",\"option\":9}"
