package cloudwatch

import (
	"math"
	"strconv"
	"strings"

	"github.com/slipway/slipway/internal/awswire"
)

// An expression is metric math on the values of one period: + - * / ( ), numbers, and ids.
// A value that is missing, and a division by zero, make the result missing.
type expression func(values map[string]float64) (float64, bool)

// parseExpression reads text; ids are those that it may use.
func parseExpression(text string, ids map[string]bool) (expression, error) {
	p := &parser{text: text, ids: ids}
	e := p.sum()
	if p.space(); p.fault == "" && p.at < len(p.text) {
		p.fail("nothing is expected at \"" + p.text[p.at:] + "\"")
	}
	if p.fault != "" {
		return nil, awswire.Errorf(invalidValue, "The expression %s is not valid: %s. "+
			"It has the ids of other metrics, numbers, + - * / and parentheses.", text, p.fault)
	}
	return e, nil
}

type parser struct {
	text  string
	at    int
	depth int
	ids   map[string]bool
	fault string
}

func (p *parser) fail(why string) expression {
	if p.fault == "" {
		p.fault = why
	}
	return func(map[string]float64) (float64, bool) { return 0, false }
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// next takes one of the characters, if it comes next.
func (p *parser) next(characters string) byte {
	p.space()
	if p.at < len(p.text) && strings.IndexByte(characters, p.text[p.at]) >= 0 {
		p.at++
		return p.text[p.at-1]
	}
	return 0
}

func (p *parser) sum() expression { return p.chain("+-", p.product) }

func (p *parser) product() expression { return p.chain("*/", p.factor) }

func (p *parser) chain(operators string, operand func() expression) expression {
	left := operand()
	for p.fault == "" {
		operator := p.next(operators)
		if operator == 0 {
			break
		}
		left = binary(operator, left, operand())
	}
	return left
}

func binary(operator byte, left, right expression) expression {
	return func(values map[string]float64) (float64, bool) {
		a, ok1 := left(values)
		b, ok2 := right(values)
		var result float64
		switch operator {
		case '+':
			result = a + b
		case '-':
			result = a - b
		case '*':
			result = a * b
		default:
			result = a / b
		}
		return result, ok1 && ok2 && !math.IsNaN(result) && !math.IsInf(result, 0)
	}
}

func (p *parser) factor() expression {
	const deepest = 50
	if p.depth++; p.depth > deepest {
		return p.fail("it is nested too deeply")
	}
	defer func() { p.depth-- }()
	switch p.next("(-") {
	case '(':
		inner := p.sum()
		if p.next(")") == 0 {
			return p.fail("a parenthesis is not closed")
		}
		return inner
	case '-':
		inner := p.factor()
		return func(values map[string]float64) (float64, bool) { v, ok := inner(values); return -v, ok }
	}
	return p.word()
}

// word is a number or an id.
func (p *parser) word() expression {
	begin := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n()+-*/,", p.text[p.at]) < 0 {
		p.at++
	}
	word := p.text[begin:p.at]
	if number, err := strconv.ParseFloat(word, 64); err == nil && !math.IsNaN(number) && !math.IsInf(number, 0) {
		return func(map[string]float64) (float64, bool) { return number, true }
	}
	if !p.ids[word] {
		return p.fail("\"" + word + "\" is no metric's id")
	}
	return func(values map[string]float64) (float64, bool) { v, ok := values[word]; return v, ok }
}
