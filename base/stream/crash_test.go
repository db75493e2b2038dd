package stream_test

import "os"

var _ = os.Exit
var children = map[string]func(){}
