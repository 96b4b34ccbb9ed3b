// Package httpd is the HTTP listener that the protocol rooms share: routing, sessions from headers, bounded bodies and their
// decompression, time limits, errors in each family's form, metrics, and an orderly stop. It knows no protocol.
//
// A room registers Routes. A request passes, in this order: CORS, the route, the user, the time limit, the session, then the
// room's Handler, which either writes its answer or returns an error; errors become bodies in errors.go and nowhere else.
package httpd
