package app

import (
	"context"
	"os"

	"lanzha/base/config"
)

// OpenAPI is the document of the whole API. It follows from the code alone: a
// house is built over an empty database in a folder that goes again.
func OpenAPI() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "lanzha-openapi-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	loaded, err := config.Load(config.Sources{Flags: map[string]string{"data": dir}})
	if err != nil {
		return nil, err
	}
	house, err := New(context.Background(), loaded.Config, Options{})
	if err != nil {
		return nil, err
	}
	defer house.Close()
	return house.API.OpenAPI()
}
