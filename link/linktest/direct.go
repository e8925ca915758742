package linktest

import (
	"errors"
	"net/url"
)

// CreateTopic makes a topic as a request would, for tests without an SDK. One
// whose name ends in .fifo is a FIFO topic. Its messages are signed by version 2.
func (s *SNS) CreateTopic(name string) (arn string, err error) {
	q := url.Values{"Name": {name}, "Attributes.entry.1.key": {"SignatureVersion"}, "Attributes.entry.1.value": {"2"}}
	if fifoName.MatchString(name) {
		q.Set("Attributes.entry.2.key", "FifoTopic")
		q.Set("Attributes.entry.2.value", "true")
	}
	made, err := s.createTopic(q)
	if err != nil {
		return "", err
	}
	topic, _ := made.(createTopicResult)
	return topic.TopicARN, nil
}

// SetTopicAttribute changes an attribute of a topic, such as SignatureVersion.
func (s *SNS) SetTopicAttribute(topicARN, name, value string) error {
	_, err := s.setTopicAttributes(url.Values{"TopicArn": {topicARN}, "AttributeName": {name}, "AttributeValue": {value}})
	return err
}

// Subscribe has a topic's messages delivered to an endpoint once that has
// confirmed it. raw leaves out the envelope; policy filters, "" is everything.
func (s *SNS) Subscribe(topicARN, endpoint string, raw bool, policy string) error {
	to, err := url.Parse(endpoint)
	if err != nil {
		return err
	}
	q := url.Values{"TopicArn": {topicARN}, "Protocol": {to.Scheme}, "Endpoint": {endpoint}}
	if raw {
		q.Set("Attributes.entry.1.key", "RawMessageDelivery")
		q.Set("Attributes.entry.1.value", "true")
		q.Set("Attributes.entry.2.key", "FilterPolicy")
		q.Set("Attributes.entry.2.value", policy)
	} else {
		q.Set("Attributes.entry.1.key", "FilterPolicy")
		q.Set("Attributes.entry.1.value", policy)
	}
	_, err = s.subscribe(q)
	return err
}

// Publish gives a message to its topic.
func (s *SNS) Publish(p Published) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[p.Topic]
	if t == nil {
		return errors.New("there is no topic " + p.Topic)
	}
	_, err := s.accept(t, p)
	return err
}
