package ses

import (
	"encoding/json"
	"net/http"
	"sync"
)

// templateStore holds the templates made with CreateEmailTemplate. They may use what inline templates may; the larger language
// of stored templates in AWS is not spoken here.
type templateStore struct {
	mu      sync.Mutex
	journal *journal
	byName  map[string]templateContent
}

// storedTemplate is a line of the journal and the body of CreateEmailTemplate; no content: deleted.
type storedTemplate struct {
	TemplateName    string
	TemplateContent *templateContent `json:",omitempty"`
}

func openTemplateStore(path string) (*templateStore, error) {
	t := &templateStore{byName: map[string]templateContent{}}
	var err error
	t.journal, err = openJournal(path, func(line []byte) error {
		var e storedTemplate
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		t.apply(e)
		return nil
	})
	return t, err
}

func (t *templateStore) apply(e storedTemplate) {
	if e.TemplateContent == nil {
		delete(t.byName, e.TemplateName)
		return
	}
	t.byName[e.TemplateName] = *e.TemplateContent
}

func (t *templateStore) get(name string) (templateContent, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.byName[name]
	return c, ok
}

// put stores a change if the template's existence is as it must be.
func (t *templateStore) put(e storedTemplate, mustExist bool) error {
	if e.TemplateContent != nil {
		if len(e.TemplateContent.Text)+len(e.TemplateContent.Html) > maxStored {
			return badRequest("The template is larger than %d bytes.", maxStored)
		}
		if _, err := compileTemplate(e.TemplateName, *e.TemplateContent); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	_, exists := t.byName[e.TemplateName]
	switch {
	case e.TemplateName == "":
		return badRequest("The template name must be specified.")
	case mustExist && !exists:
		return notFound("Template %s does not exist.", e.TemplateName)
	case !mustExist && exists:
		return apiErrorf(http.StatusBadRequest, "AlreadyExistsException", "Template %s already exists.", e.TemplateName)
	}
	t.apply(e)
	return t.journal.append(e)
}

func (s *Server) createTemplate(w http.ResponseWriter, r *http.Request) {
	s.storeTemplate(w, r, "")
}

func (s *Server) updateTemplate(w http.ResponseWriter, r *http.Request) {
	s.storeTemplate(w, r, r.PathValue("name"))
}

// storeTemplate creates (no name in the path) or replaces a template.
func (s *Server) storeTemplate(w http.ResponseWriter, r *http.Request, existing string) {
	var in storedTemplate
	body, err := readBody(w, r)
	if err == nil {
		err = decode(body, &in)
	}
	if err == nil && in.TemplateContent == nil {
		err = badRequest("The template content must be specified.")
	}
	if existing != "" {
		in.TemplateName = existing
	}
	if err == nil {
		err = s.stored.put(in, existing != "")
	}
	answer(w, struct{}{}, err)
}

func (s *Server) getTemplate(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	c, ok := s.stored.get(name)
	if !ok {
		writeError(w, notFound("Template %s does not exist.", name))
		return
	}
	writeJSON(w, http.StatusOK, storedTemplate{name, &c})
}

func (s *Server) deleteTemplate(w http.ResponseWriter, r *http.Request) {
	answer(w, struct{}{}, s.stored.put(storedTemplate{TemplateName: r.PathValue("name")}, true))
}
