package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A folder is an organization's files and what is kept of them: all that tickets
// refer to.
type folder struct {
	root, prefix string // prefix is "" or the organization's own folder with a slash
	organization boxoffice.Organization
	seasonRows   []boxoffice.Season
	seasons      map[string]bool
	facilities   map[string]string // names
	plans        map[place]*plan
	eventRows    []*event
	events       map[string]*event
	patrons      *set
	sources      map[string][]source // by table
	counts       map[string]int      // the next place of general admission, by event and section
}

// An event with what is known of its tickets.
type event struct {
	boxoffice.Event
	line  int
	plan  *plan // nil where there is none yet
	taken taken
	tally boxoffice.Tally
	whole bool // the books have its tickets, of a load
}

func newFolder(root, prefix string) *folder {
	return &folder{
		root: root, prefix: prefix, seasons: map[string]bool{}, facilities: map[string]string{}, plans: map[place]*plan{},
		events: map[string]*event{}, patrons: newSet(), sources: map[string][]source{},
	}
}

// folders finds the organizations of a house: the folder itself, or folders in it.
func folders(root string) ([]*folder, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("house: %w", err)
	}
	if has(root, organizationFile) {
		return []*folder{newFolder(root, "")}, nil
	}
	var found []*folder
	for _, e := range entries {
		if e.IsDir() && has(filepath.Join(root, e.Name()), organizationFile) {
			found = append(found, newFolder(root, e.Name()+"/"))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s is no house: neither it nor a folder in it has the file %s", root, organizationFile)
	}
	return found, nil
}

func has(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return err == nil
}

// look finds the files, and tells of those that are none of a house.
func (f *folder) look(report *Report) error {
	here := filepath.Join(f.root, filepath.FromSlash(f.prefix))
	known := []string{organizationFile, manifestFolder, ticketFolder}
	for _, t := range Tables() {
		found, err := sources(f.root, f.prefix, &t)
		if err != nil {
			return err
		}
		f.sources[t.Name] = found
		known = append(known, t.Name+".csv", t.Name+".csv"+compressed)
		if len(found) == 0 && !t.Optional {
			report.add(f.prefix+t.Name+".csv", 0, 0, "is missing; it may be empty but for its first line, %s", strings.Join(t.names(), ","))
		}
		if len(found) > 1 && t.Name != tickets.Name {
			report.add(found[1].name, 0, 0, "stands beside %s; one of the two is allowed", found[0].name)
		}
	}
	entries, err := os.ReadDir(here)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !slices.Contains(known, e.Name()) && !ignored(e.Name()) {
			report.add(f.prefix+e.Name(), 0, 0, "is no file of a house; those are %s", strings.Join(known, ", "))
		}
	}
	for sub, fits := range map[string]func(string) bool{
		ticketFolder: isTable, manifestFolder: func(name string) bool { return strings.HasSuffix(name, ".json") },
	} {
		entries, err := os.ReadDir(filepath.Join(here, sub))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if !fits(e.Name()) && !ignored(e.Name()) {
				report.add(f.prefix+sub+"/"+e.Name(), 0, 0, "is no file of a house")
			}
		}
	}
	return nil
}

// ignored are files that people and their systems leave in folders.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "README")
}

// readManifests reads all manifests of the folder.
func (f *folder) readManifests(report *Report) error {
	entries, err := os.ReadDir(filepath.Join(f.root, filepath.FromSlash(f.prefix), manifestFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") || ignored(e.Name()) {
			continue
		}
		s, err := newSource(f.root, f.prefix+manifestFolder+"/"+e.Name())
		if err != nil {
			return err
		}
		if err := f.readManifest(s, report); err != nil {
			return err
		}
	}
	return nil
}

// planOf is the seats of an event's configuration. Where no manifest tells them
// they are those of the tickets.
func (f *folder) planOf(e *event) *plan {
	if e.plan != nil {
		return e.plan
	}
	at := place{e.Season, e.FacilityCode, e.ConfigurationCode}
	e.plan = f.plans[at]
	at.season = ""
	if e.plan == nil {
		e.plan = f.plans[at]
	}
	if e.plan == nil {
		e.plan = newPlan(boxoffice.Manifest{
			Organization: f.organization.ID, Facility: e.FacilityCode, FacilityName: e.FacilityName, Configuration: e.ConfigurationCode,
		})
		e.plan.derived = true
		f.plans[at] = e.plan
	}
	return e.plan
}

// manifests are those of the folder in the order of their names. Derived ones are
// as far as the tickets were read.
func (f *folder) manifests() []boxoffice.Manifest {
	var all []boxoffice.Manifest
	for _, p := range f.plans {
		if p.derived {
			p.settle()
		}
		all = append(all, p.manifest)
	}
	slices.SortFunc(all, func(a, b boxoffice.Manifest) int { return strings.Compare(manifestName(a), manifestName(b)) })
	return all
}
