#!/bin/sh
echo "classifying with $1"
