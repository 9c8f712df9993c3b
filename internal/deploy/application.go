package deploy

import "time"

// An Application is a name for something that is deployed.
type Application struct {
	ID        string    `json:"id"` // a UUID
	Name      string    `json:"name"`
	Platform  Platform  `json:"platform"`
	CreatedAt time.Time `json:"createdAt"`
	Tags      []Tag     `json:"tags,omitempty"`
}
