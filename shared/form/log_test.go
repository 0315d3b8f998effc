package form_test

import (
	"net/http"
)

func panics(http.ResponseWriter, *http.Request) error { panic("山田 花子 <hanako@example.jp>") }
