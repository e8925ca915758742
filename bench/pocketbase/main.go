// Command pocketbase is PocketBase with a collection of tickets, to be driven
// beside seatlink.
//
//	pocketbase fill --dir DIR --tickets 1000000   the collection, once
//	pocketbase serve --dir DIR --http HOST:PORT   PocketBase as it comes
//
// It stands as PocketBase ships (WAL, synchronous=NORMAL: a power failure may take
// the last commits), unless SYNCHRONOUS=FULL is in the environment: then every commit is on the disk when it
// is answered, as with seatlink.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
)

func main() {
	app := pocketbase.NewWithConfig(pocketbase.Config{DBConnect: connect, HideStartBanner: true})
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		var synchronous int
		if err := e.App.DB().NewQuery("PRAGMA synchronous").Row(&synchronous); err != nil {
			return err
		}
		fmt.Println("PRAGMA synchronous is", synchronous) // the driver reads it: 1 is NORMAL, 2 is FULL
		return e.Next()
	})
	tickets := 1_000_000
	fill := &cobra.Command{Use: "fill", RunE: func(*cobra.Command, []string) error { return fill(app, tickets) }}
	fill.Flags().IntVar(&tickets, "tickets", tickets, "how many")
	app.RootCmd.AddCommand(fill)
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}

// connect is core.DefaultDBConnect with another synchronous where that is asked for.
func connect(path string) (*dbx.DB, error) {
	if os.Getenv("SYNCHRONOUS") != "FULL" {
		return core.DefaultDBConnect(path)
	}
	return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)"+
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)")
}
