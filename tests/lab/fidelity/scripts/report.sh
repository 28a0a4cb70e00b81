#!/bin/sh
echo "report for $1"
mkdir -p /opt/report
echo "$1 $(id -un)" >/opt/report/"$1"
