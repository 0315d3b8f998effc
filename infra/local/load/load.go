// Package load is where content kinds of POST /_local/load are registered: importing it makes them known. Each kind lies in a file of its
// own, which calls stack.RegisterLoader from its init function and checks content with the code of the staff pages.
package load
