// Command none is what a function without AWS clients cannot do without: the measure of its cold start.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() {}) }
