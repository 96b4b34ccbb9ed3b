// Command goptime is the one binary of GoptimeDB: it picks a role and runs it until signalled.
package main

func main() {}
