// Reverses strings over JSON with net/http, on as many threads as GOMAXPROCS says.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
)

type strings struct {
	Data []string `json:"data"`
}

func reversed(text string) string {
	runes := []rune(text)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

func reverse(writer http.ResponseWriter, request *http.Request) {
	var body strings
	if err := json.NewDecoder(request.Body).Decode(&body); err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	for i, text := range body.Data {
		body.Data[i] = reversed(text)
	}
	answer, err := json.Marshal(body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	writer.Write(answer)
}

func main() {
	http.HandleFunc("GET /hello", func(writer http.ResponseWriter, _ *http.Request) {
		io.WriteString(writer, "Hello, World!\n")
	})
	http.HandleFunc("POST /reverse", reverse)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ready http=%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
