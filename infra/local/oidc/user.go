package oidc

import (
	"slices"
	"strings"

	"madoguchi/shared/policy"
)

// User is somebody of this machine. The names say so: nobody takes them for colleagues.
type User struct {
	ID    string // the subject
	Name  string
	Email string
	Roles []string
}

// Code names the user on the page and in /_local/signin?user=.
func (u User) Code() string { return strings.TrimPrefix(u.ID, prefix) }

const prefix = "local-"

// Users are those that the page offers: one for each role, a second editor and a second press officer (so that work can be
// approved by another person), one with all roles, one without any.
func Users() []User {
	var users []User
	for _, role := range policy.Roles() {
		users = append(users, user(role.Code, role.Code))
		if role.Code == policy.RoleEditor || role.Code == policy.RolePress {
			users = append(users, user(role.Code+"2", role.Code))
		}
	}
	var all []string
	for _, role := range policy.Roles() {
		all = append(all, role.Code)
	}
	return append(users, user("everything", all...), user("nothing"))
}

func user(name string, roles ...string) User {
	return User{ID: prefix + name, Name: "ローカル " + name, Email: name + "@staff.example.jp", Roles: roles}
}

// Find returns the local user of a name (editor2), or one made up from roles: roles is a comma-separated list, and name "" is named
// after the roles. ok is false where a role is unknown, or neither is given.
func Find(name, roles string) (u User, ok bool) {
	var wanted []string
	for role := range strings.SplitSeq(roles, ",") {
		if role = strings.TrimSpace(role); role != "" {
			wanted = append(wanted, role)
		}
	}
	if len(policy.KnownRoles(wanted)) != len(wanted) || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return User{}, false
	}
	if name == "" {
		name = strings.Join(wanted, "-")
	}
	if name == "" {
		return User{}, false
	}
	if i := slices.IndexFunc(Users(), func(u User) bool { return u.ID == prefix+name }); i >= 0 && len(wanted) == 0 {
		return Users()[i], true
	}
	if len(wanted) == 0 {
		return User{}, false
	}
	return user(name, wanted...), true
}
